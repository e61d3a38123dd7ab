"""The hook, the Action, the GitLab job, the Django validator and PAM, each as it runs."""

# ruff: noqa: E501 - what is expected is read as it is shown

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from program import LEAKCHECK

ROOT = Path(__file__).parent.parent.parent
BIN = str(Path(sys.executable).parent)
PATH = f"{BIN}{os.pathsep}{os.environ['PATH']}"


def test_pre_commit_runs_the_hook(repo, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    # a local copy of the hook: what pre-commit would install is installed here already
    local = hook | {"language": "system", "entry": hook["entry"].replace("leakcheck", LEAKCHECK, 1)}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    repo.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    repo.write("settings.env", "DB_PASSWORD=${DB_PASSWORD}\n")
    repo.write("a name with spaces.yml", "password: a-sound-one-0451\n")
    env = os.environ | {
        "PATH": PATH,
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
    }

    def pre_commit(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", *arguments],
            cwd=repo.root, env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert pre_commit("validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")).returncode == 0
    assert pre_commit("install").returncode == 0
    commit = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "commit",
        "-q",
        "-m",
        "x",
    ]
    clean = subprocess.run(
        commit, cwd=repo.root, env=env, capture_output=True, text=True, check=False
    )
    assert clean.returncode == 0, clean.stderr
    repo.write("settings.env", "DB_PASSWORD=changeme\n")
    (repo.root / "settings.env").write_text("DB_PASSWORD=corrected-but-not-staged\n")
    stopped = subprocess.run(
        commit, cwd=repo.root, env=env, capture_output=True, text=True, check=False
    )
    assert stopped.returncode == 1
    assert "settings.env:1:13: DB_PASSWORD: breached password" in stopped.stderr + stopped.stdout
    assert "changeme" not in stopped.stderr + stopped.stdout


def test_a_plain_git_hook_reads_what_is_committed(repo) -> None:
    hook = repo.root / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {LEAKCHECK} ci --staged\n")
    hook.chmod(0o755)
    repo.write("a.env", "A_PASSWORD=a-sound-one-0451\n")
    repo.write("b.env", "B_PASSWORD=changeme\n")

    def commit(*names: str) -> subprocess.CompletedProcess[str]:
        command = [
            "git",
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "commit",
            "-qm",
            "x",
        ]
        return subprocess.run(
            [*command, *names], cwd=repo.root, capture_output=True, text=True, check=False
        )

    assert commit("a.env").returncode == 0, "only what this commit takes"
    stopped = commit()
    assert stopped.returncode == 1
    assert "b.env:1:12: B_PASSWORD: breached password" in stopped.stdout + stopped.stderr


def test_the_hook_of_a_wheel_is_the_same(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")
    shown = next(
        each for each in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "local" in each
    )
    (tmp_path / "config.yaml").write_text(shown)
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(tmp_path / "config.yaml")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (repo,) = yaml.safe_load(shown)["repos"]
    (local,) = repo["hooks"]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert local.pop("additional_dependencies") == ["leakcheck-bloom"]
    assert local == {name: hook[name] for name in local}


class Action:
    """The composite action's steps, run as the runner runs them."""

    def __init__(self, folder: Path, workspace: Path, **inputs: str) -> None:
        self.file = yaml.safe_load((ROOT / "action.yml").read_text())
        self.inputs = {name: given["default"] for name, given in self.file["inputs"].items()}
        self.inputs |= {name.replace("_", "-"): value for name, value in inputs.items()}
        self.workspace, self.folder = workspace, folder
        self.outputs: dict[str, dict[str, str]] = {}
        self.used: list[dict[str, Any]] = []
        self.log = ""

    def run(self) -> int:
        """Run every step whose condition holds; the status of the one that fails, or 0."""
        for step in self.file["runs"]["steps"]:
            if not self._holds(step.get("if", "")):
                continue
            if "uses" in step:
                self.used.append(
                    step | {"with": {k: self._filled(v) for k, v in step["with"].items()}}
                )
                continue
            assert "${{" not in step["run"], "inputs must not be part of a script"
            output = self.folder / "github-output"
            output.write_text("")
            env = {name: self._filled(value) for name, value in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.workspace, capture_output=True, text=True, check=False, timeout=120,
                env=os.environ | env | {
                    "PATH": PATH, "GITHUB_OUTPUT": str(output), "RUNNER_TEMP": str(self.folder),
                    "GITHUB_ACTION_PATH": str(ROOT), "GITHUB_ACTIONS": "true", "CI": "true",
                    "GITHUB_STEP_SUMMARY": str(self.folder / "page"),
                },
            )  # fmt: skip
            self.log += done.stdout + done.stderr
            pairs = (line.split("=", 1) for line in output.read_text().splitlines())
            self.outputs[step.get("id", "")] = dict(pairs)
            if done.returncode:
                return done.returncode
        return 0

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: self._value(found[1]), str(text))

    def _value(self, name: str) -> str:
        parts = name.split(".")
        if parts[0] == "inputs":
            return self.inputs[parts[1]]
        return self.outputs.get(parts[1], {}).get(parts[3], "")

    def _holds(self, condition: str) -> bool:
        for part in filter(None, condition.split("&&")):
            name, sign, value = re.fullmatch(r"\s*([\w.-]+) (==|!=) '([^']*)'\s*", part).groups()
            if (self._value(name) == value) != (sign == "=="):
                return False
        return True


def test_the_action(repo, tmp_path: Path, known: Path, breached: str) -> None:
    repo.write("a b/settings.env", f"DB_PASSWORD={breached}\n")
    repo.write("other.env", "DB_PASSWORD=a-sound-one-0451\n")
    repo.commit()
    action = Action(tmp_path, repo.root, command=LEAKCHECK, **{"in": f"{known}\n"})
    assert action.run() == 1
    assert "::error col=13,file=a b/settings.env,line=1," in action.log
    assert action.outputs["check"] == {"status": "1", "sarif": "leakcheck.sarif"}
    (upload,) = action.used
    assert re.fullmatch(r"github/codeql-action/upload-sarif@[0-9a-f]{40}", upload["uses"]), "pinned"
    page = (tmp_path / "page").read_text()
    assert "| a b/settings.env&#58;1 | DB&#95;PASSWORD&#58; breached password " in page
    assert "1 breached, 0 unknown." in page
    assert upload["with"]["sarif_file"] == "leakcheck.sarif"
    assert (repo.root / "leakcheck.sarif").exists()
    reported = Action(
        tmp_path,
        repo.root,
        command=LEAKCHECK,
        fail="false",
        upload_sarif="false",
        **{"in": str(known)},
    )
    assert reported.run() == 0
    assert reported.outputs["check"]["status"] == "1"
    assert not reported.used
    clean = Action(
        tmp_path, repo.root, command=LEAKCHECK, paths="other.env\n", **{"in": str(known)}
    )
    assert clean.run() == 0
    wrong = Action(tmp_path, repo.root, command=LEAKCHECK, since="nowhere", paths="$(touch pwned)")
    assert wrong.run() == 2
    assert not wrong.used
    assert not (repo.root / "pwned").exists()


def test_the_action_installs_itself(tmp_path: Path) -> None:
    """The install step, with stand-ins for what would fetch from the network."""
    (tmp_path / "stand-in").mkdir()
    script = tmp_path / "stand-in" / "python3"
    script.write_text(
        '#!/bin/bash\nmkdir -p "$3/bin"\nprintf "#!/bin/bash\\necho \\"\\$@\\" >> %s/pip-arguments\\n" "$RUNNER_TEMP" '
        '> "$3/bin/pip"\nchmod +x "$3/bin/pip"\n'
    )
    script.chmod(0o755)
    step = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"][0]
    env = {
        "PATH": f"{script.parent}:/usr/bin:/bin",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": "/the action",
    }
    subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], env=env, check=True)
    arguments = (tmp_path / "pip-arguments").read_text().split("\n")
    assert arguments[0].endswith("--require-hashes -r /the action/scripts/action-tools.txt")
    assert arguments[1].endswith("--no-deps --no-build-isolation /the action")


def test_what_the_action_installs_is_named_with_digests() -> None:
    """Every package that leakcheck needs, and that builds it, in a version that it takes."""
    text = (ROOT / "scripts" / "action-tools.txt").read_text()
    pins = re.findall(
        r"^([\w.-]+)==(\S+)[^#]*?\\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.M
    )
    assert len(pins) == len(re.findall(r"^\w", text, re.M)) > 30
    versions = {name: version for name, version, _ in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for wanted in [*project["project"]["dependencies"], *project["build-system"]["requires"]]:
        requirement = Requirement(wanted)
        version = versions[requirement.name.lower().replace(".", "-")]
        assert requirement.specifier.contains(version), wanted


def test_the_gitlab_job(repo, tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "templates" / "gitlab-ci.yml").read_text())["leakcheck"]
    repo.write("settings.env", "DB_PASSWORD=changeme\n")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
        cwd=repo.root, capture_output=True, text=True, check=False,
        env=os.environ | job["variables"] | {
            "PATH": PATH, "CI": "true", "CI_PROJECT_DIR": str(repo.root), "HOME": str(tmp_path),
        },
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("settings.env:1:13: DB_PASSWORD: breached password")
    reports = job["artifacts"]["reports"]
    assert "<failure" in (repo.root / reports["junit"]).read_text()
    (issue,) = json.loads((repo.root / reports["codequality"]).read_text())
    assert issue["location"] == {"path": "settings.env", "lines": {"begin": 1}}
    assert (issue["check_name"], issue["severity"]) == ("breached-password", "critical")
    assert len(issue["fingerprint"]) == 32


def steps_of(name: str) -> list[str]:
    """The shell in a template, a script each step."""
    text = (ROOT / "templates" / name).read_text()
    if name == "Jenkinsfile":
        return re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    parsed = yaml.safe_load(text)
    if name == "azure-pipelines.yml":
        return [step["script"] for step in parsed["steps"] if "script" in step]
    if name == "bitbucket-pipelines.yml":
        return ["\n".join(each["step"]["script"]) for each in parsed["pipelines"]["default"]]
    steps = parsed["jobs"]["leakcheck"]["steps"]
    return [step["run"]["command"] for step in steps if "run" in step]


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("azure-pipelines.yml", "leakcheck-junit.xml"),
        ("bitbucket-pipelines.yml", "test-reports/leakcheck.xml"),
        ("circleci-config.yml", "test-results/leakcheck.xml"),
        ("Jenkinsfile", "leakcheck-junit.xml"),
    ],
)
def test_the_templates_run(repo, tmp_path: Path, name: str, report: str) -> None:
    """Their shell, with stand-ins for what would fetch from the network."""
    stand_in = tmp_path / "stand-in"
    stand_in.mkdir()
    (stand_in / "pip").write_text('#!/bin/sh\n[ "$1" = install ] && echo "$@" > "$HOME/asked"\n')
    (stand_in / "python3").write_text(
        f'#!/bin/sh\nmkdir -p "$3/bin" && cp {stand_in}/pip "$3/bin/pip"\n'
        f'ln -sf {LEAKCHECK} "$3/bin/leakcheck"\n'
    )
    for each in stand_in.iterdir():
        each.chmod(0o755)
    repo.write("settings.env", "DB_PASSWORD=changeme\n")
    (script,) = steps_of(name)
    for status, text in ((1, "changeme"), (0, "${DB_PASSWORD}")):
        repo.write("settings.env", f"DB_PASSWORD={text}\n")
        done = subprocess.run(
            ["bash", "-e", "-c", script], cwd=repo.root, capture_output=True, text=True, check=False,
            env=os.environ | {"PATH": f"{stand_in}:{PATH}", "CI": "true", "HOME": str(tmp_path)},
        )  # fmt: skip
        assert done.returncode == status, done.stderr
        assert "leakcheck-bloom" in (tmp_path / "asked").read_text()
        assert report in (ROOT / "templates" / name).read_text()
        assert ("<failure" in (repo.root / report).read_text()) is bool(status)
        assert "changeme" not in done.stdout + done.stderr


def commit_in(root: Path) -> subprocess.CompletedProcess[str]:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "x"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_the_hook_installs_itself(repo, tmp_path: Path) -> None:
    def install(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LEAKCHECK, "ci", "--install-hook", *more], cwd=repo.root, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    for _ in range(2):
        done = install()
        assert done.returncode == 0, done.stderr
        assert "pre-commit: from now on" in done.stdout
    repo.write("a.env", "A_PASSWORD=a-sound-one-0451\n")
    assert commit_in(repo.root).returncode == 0
    repo.write("b.env", "B_PASSWORD=changeme\n")
    stopped = commit_in(repo.root)
    assert stopped.returncode == 1
    assert "b.env:1:12: B_PASSWORD: breached password" in stopped.stdout + stopped.stderr
    hook = repo.root / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nmake lint\n")
    done = install()
    assert done.returncode == 2
    assert "there is a hook already: add the line leakcheck ci --staged to it." in done.stderr
    assert hook.read_text() == "#!/bin/sh\nmake lint\n"
    hook.unlink()
    repo.git("config", "core.hooksPath", "tools/hooks")
    done = install()
    assert done.returncode == 2
    assert "git runs the hooks in tools/hooks here" in done.stderr
    assert not hook.exists()
    (tmp_path / "plain").mkdir()
    assert install(str(tmp_path / "plain")).returncode == 2


def test_django(known: Path, breached: str, tmp_path: Path) -> None:
    django = pytest.importorskip("django")
    from django.conf import settings
    from django.contrib.auth import password_validation
    from django.core.exceptions import ValidationError

    if not settings.configured:
        settings.configure(USE_I18N=True)
        django.setup()

    def validators(**options: Any) -> list[Any]:
        name = "leakcheck.django.BreachedPasswordValidator"
        return password_validation.get_password_validators([{"NAME": name, "OPTIONS": options}])

    embedded, own = validators(), validators(sources=[str(known)])
    password_validation.validate_password("a-sound-one-0451", password_validators=own)
    for password, which in ((breached, own), ("changeme", embedded)):
        with pytest.raises(ValidationError) as raised:
            password_validation.validate_password(password, password_validators=which)
        assert [error.code for error in raised.value.error_list] == ["password_breached"]
        assert password not in str(raised.value)
    assert "data breach" in password_validation.password_validators_help_texts(own)[0]
    from django.utils import translation

    with translation.override("fr-be"):
        assert "fuite de données" in password_validation.password_validators_help_texts(own)[0]
        with pytest.raises(ValidationError, match="Choisissez-en un autre"):
            password_validation.validate_password(breached, password_validators=own)
    with translation.override("de"), pytest.raises(ValidationError, match="Choose another"):
        password_validation.validate_password(breached, password_validators=own)
    damaged = tmp_path / "damaged.bloom"
    data = bytearray(known.read_bytes())
    data[5000] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(ValidationError) as raised:
        password_validation.validate_password(
            "x-0451", password_validators=validators(sources=[str(damaged)])
        )
    assert [error.code for error in raised.value.error_list] == ["password_unknown"]
    lenient = validators(sources=[str(damaged)], allow_unknown=True)
    password_validation.validate_password("x-0451", password_validators=lenient)


def test_leakcheck_does_not_need_django() -> None:
    program = "import sys, leakcheck.django; assert not [m for m in sys.modules if m.startswith('django')]"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_pam_exec_form(tmp_path: Path) -> None:
    """pam_exec writes the password with a zero byte after it, and wants an absolute path."""
    assert shutil.which(LEAKCHECK)
    for password, status in ((b"changeme", 1), (b"a-sound-one-0451", 0)):
        done = subprocess.run(
            [LEAKCHECK, "ci", "--stdin", "--offline"],
            input=password + b"\0",
            capture_output=True,
            env={},
            check=False,
        )
        assert done.returncode == status, done.stderr


@pytest.mark.parametrize(("password", "accepted"), [("changeme", False), ("Zv9-sound $x'\"", True)])
def test_the_one_liners_of_the_documentation(password: str, accepted: bool) -> None:
    page = (ROOT / "docs" / "ci.md").read_text("utf-8")

    def line(name: str) -> str:
        return re.search(rf"^- \*\*{name}\*\*.*?: `([^`]+)`", page, re.MULTILINE)[1]

    env = os.environ | {"PATH": PATH}
    done = subprocess.run(
        ["bash", "-c", line("bash")], input=f"{password}\n".encode(), env=env, capture_output=True
    )
    assert (b"accepted" in done.stdout) is accepted, done.stderr
    program = "import sys, leakcheck; from leakcheck.subject.kinds import Kind; password = sys.stdin.read()"
    assert "from leakcheck.subject.kinds import Kind" in page
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; print({line('Python')})"],
        input=password, env=env, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert ("clean" in done.stdout.lower()) is accepted
    import django
    from django.conf import settings

    setting: dict[str, Any] = {}
    exec(line("Django"), setting)
    if not settings.configured:
        settings.configure(USE_I18N=True)
    django.setup()
    from django.contrib.auth import password_validation
    from django.core.exceptions import ValidationError

    which = password_validation.get_password_validators(
        [{"OPTIONS": {}} | each for each in setting["AUTH_PASSWORD_VALIDATORS"]]
    )
    try:
        password_validation.validate_password(password, password_validators=which)
    except ValidationError:
        assert not accepted
    else:
        assert accepted
