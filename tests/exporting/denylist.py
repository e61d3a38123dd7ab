"""Keycloak's own class for a denylist, with Guava, from Maven's repository."""

import shutil
import subprocess
from pathlib import Path

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


class CannotBeHad(Exception):
    """Why Keycloak's classes cannot be had here."""


def fetch(folder: Path) -> Path:
    """The folder of their archives, below `folder`. Raises CannotBeHad."""
    if not (shutil.which("mvn") and shutil.which("javac")):
        raise CannotBeHad("mvn and javac are not installed")
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
        raise CannotBeHad("mvn takes too long to fetch Keycloak's classes") from None
    if done.returncode or len(list((folder / "lib").glob("*.jar"))) != len(JARS):
        raise CannotBeHad("mvn cannot fetch Keycloak's classes: is its repository to be had?")
    return folder / "lib"


def found(jars: Path, exported: Path, *lists: Path) -> list[int]:
    """How many lines of each list Keycloak refuses; all files are in the folder of `exported`."""
    folder = exported.parent
    (folder / "Ask.java").write_text(ASK)
    path = f"{jars}/*:."
    subprocess.run(["javac", "-cp", path, "Ask.java"], cwd=folder, check=True, timeout=100)
    asked = subprocess.run(
        ["java", "-cp", path, "Ask", exported.name, *(one.name for one in lists)],
        cwd=folder, capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    return list(map(int, asked.stdout.split()))
