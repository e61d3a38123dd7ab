"""A denylist as Keycloak itself reads it: its own class, with Guava, from Maven's repository.

CI asks for it with -m clients; where they cannot be had, the test is skipped.
"""

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from program import leakcheck

pytestmark = pytest.mark.clients
KEYCLOAK, GUAVA = "26.7.0", "33.4.0-jre"
JARS = (
    f"org.keycloak:keycloak-server-spi-private:{KEYCLOAK}",
    f"org.keycloak:keycloak-server-spi:{KEYCLOAK}",
    f"org.keycloak:keycloak-core:{KEYCLOAK}",
    "org.jboss.logging:jboss-logging:3.6.1.Final",
    f"com.google.guava:guava:{GUAVA}",
    "com.google.guava:failureaccess:1.0.2",
)
ASK = """
import java.nio.file.*;
import java.util.Locale;
import org.keycloak.policy.DenylistPasswordPolicyProviderFactory.FileBasedPasswordDenylist;

public class Ask {
    public static void main(String[] given) throws Exception {
        var list = new FileBasedPasswordDenylist(Path.of("."), given[0], 1e-4, 0);
        for (int at = 1; at < given.length; at++) {
            long found = Files.readAllLines(Path.of(given[at])).stream()
                .filter(one -> list.contains(one.toLowerCase(Locale.ROOT))).count();
            System.out.println(found);
        }
    }
}
"""


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (shutil.which("mvn") and shutil.which("javac")):
        pytest.skip("mvn and javac are not installed")
    folder = tmp_path_factory.mktemp("maven")
    alone = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
    wanted = ""
    for jar in JARS:
        group, name, version = jar.split(":")
        wanted += f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        wanted += f"<version>{version}</version><exclusions>{alone}</exclusions></dependency>"
    (folder / "pom.xml").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId>"
        f"<version>1</version><dependencies>{wanted}</dependencies></project>"
    )
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=200, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("mvn takes too long to fetch Keycloak's classes")
    if done.returncode or len(list((folder / "lib").glob("*.jar"))) != len(JARS):
        pytest.skip("mvn cannot fetch Keycloak's classes: is its repository to be had?")
    return folder / "lib"


def test_keycloak_refuses_each_password(jars: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789éÉßÄΣσİ€𝔸"
    made = ["".join(chance.choices(letters, k=9)) for _ in range(65_000)]
    held, absent = made[:5000], made[5000:]
    (tmp_path / "held.txt").write_text("".join(f"{word}\n" for word in held))
    (tmp_path / "absent.txt").write_text("".join(f"{word}\n" for word in absent))
    command = ("export", tmp_path / "held.txt", "--from", "passwords", "--to", "keycloak")
    done = leakcheck(*command, "-o", tmp_path / "leaked.bloom", "--rate", "0.001")
    assert done.status == 0, done.err
    (tmp_path / "Ask.java").write_text(ASK)
    path = f"{jars}/*:."
    subprocess.run(["javac", "-cp", path, "Ask.java"], cwd=tmp_path, check=True, timeout=100)
    asked = subprocess.run(
        ["java", "-cp", path, "Ask", "leaked.bloom", "held.txt", "absent.txt"],
        cwd=tmp_path, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    found, alarms = map(int, asked.stdout.split())
    assert found == len(held)
    assert 0.0005 < alarms / len(absent) < 0.0016
