"""Rules about the container image, read off its recipe and the page that says how to run it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import attrs

from tests.architecture.tree import MEMBERS

SAFE_FLAGS: Final = ("--read-only", "--cap-drop ALL", "--security-opt no-new-privileges")


@attrs.frozen
class Recipe:
    """A Dockerfile, its ignore file, the page about both and the page of settings, as text."""

    dockerfile: str
    ignore: str
    page: str
    settings_page: str

    @property
    def instructions(self) -> list[tuple[str, str]]:
        """Name and arguments of every instruction, comments gone and long lines joined."""
        lines = [line for line in self.dockerfile.splitlines() if not line.lstrip().startswith("#")]
        joined = "\n".join(lines).replace("\\\n", " ")
        pairs = (line.split(None, 1) for line in joined.splitlines() if line.strip())
        return [(name, " ".join(rest.split())) for name, rest in pairs]

    def all(self, name: str) -> list[str]:
        """Arguments of every instruction called ``name``."""
        return [rest for found, rest in self.instructions if found == name]

    @property
    def last_stage(self) -> list[tuple[str, str]]:
        """The instructions of the image itself."""
        names = [name for name, _ in self.instructions]
        return self.instructions[len(names) - names[::-1].index("FROM") :]

    def final(self, name: str) -> list[str]:
        """Arguments of every instruction called ``name`` in the last stage."""
        return [rest for found, rest in self.last_stage if found == name]

    @property
    def commands(self) -> list[str]:
        """The shell commands of every RUN, one by one."""
        return [one.strip() for run in self.all("RUN") for one in run.split("&&")]

    @property
    def copied(self) -> set[str]:
        """What the build takes from the repository."""
        return {
            source.rstrip("/")
            for copy in self.all("COPY")
            if not copy.startswith("--from=")
            for source in copy.split()[:-1]
        }

    @property
    def examples(self) -> list[str]:
        """Every ``docker run`` that the page tells a person to type."""
        blocks = re.findall(r"```sh\n(.*?)```", self.page, re.DOTALL)
        lines = "".join(blocks).replace("\\\n", " ").splitlines()
        return [" ".join(line.split()) for line in lines if line.startswith("docker run ")]


# ------------------------------------------------------------------ rules about the recipe


def stages(recipe: Recipe) -> list[str]:
    """What builds stays behind: nothing but the installed tree comes from outside the base."""
    found = []
    if recipe.all("FROM") != ["${BASE} AS build", "${BASE}"]:
        found.append("two stages on the same base")
    if recipe.final("COPY") != ["--from=build /opt/robson /opt/robson"]:
        found.append("the image takes more than the installed tree")
    if recipe.all("ADD"):
        found.append("ADD fetches and unpacks; COPY does neither")
    return found


def plain_syntax(recipe: Recipe) -> list[str]:
    """What only BuildKit understands would leave podman and buildah out."""
    words = ("<<", "--link", "--mount", "--chmod")
    text = " ".join(rest for _, rest in recipe.instructions)
    found = [f"{word} is not understood everywhere" for word in words if word in text]
    return found + re.findall(r"^#\s*syntax=.*", recipe.dockerfile, re.MULTILINE)


def addresses(recipe: Recipe) -> list[str]:
    """A base is named without a registry, and nothing is fetched by address."""
    found = [line for line in recipe.dockerfile.splitlines() if "://" in line]
    bases = [value.partition("=")[2] for value in recipe.all("ARG")]
    found += [base for base in bases if not re.fullmatch(r"python:3\.\d+-slim[a-z-]*", base)]
    return found


def fetching(recipe: Recipe) -> list[str]:
    """Whatever may reach a package index is pinned by hash; whatever is not, may not."""
    found = []
    for command in recipe.commands:
        if re.search(r"\b(apt-get|apt|apk|curl|wget|git)\b", command):
            found.append(f"fetches without a hash: {command}")
        if re.search(r"\bpip\b.* (install|wheel|download)\b", command):
            locked = re.search(
                r"--require-hashes --only-binary :all: -r requirements/\w+\.lock$", command
            )
            if not locked and not {"--no-index", "--no-deps"} <= set(command.split()):
                found.append(f"fetches without a hash: {command}")
            if " wheel " in command and "--no-build-isolation" not in command:
                found.append(f"builds with tools of its own choice: {command}")
    return found


def tools_stay_behind(recipe: Recipe) -> list[str]:
    """The image gets what run.lock and the members say, and no pip."""
    found = []
    for command in recipe.commands:
        into_image = "/opt/robson/bin/python install" in command
        if "build.lock" in command and into_image:
            found.append("build tools in the image")
        if "run.lock" in command and not into_image:
            found.append("what the daemon needs is not in the image")
        if command.endswith("/opt/robson") and "venv --without-pip" not in command:
            found.append("pip in the image")
    return found


def every_member(recipe: Recipe) -> list[str]:
    """A wheel that is not built is a member that is not there."""
    built = {
        word for command in recipe.commands if " wheel " in command for word in command.split()
    }
    return [f"{folder} is not built" for folder in MEMBERS.values() if folder not in built]


def user(recipe: Recipe) -> list[str]:
    """Nothing runs as root, and the one folder that is written belongs to 1000."""
    found = []
    if recipe.final("USER") != ["1000:1000"]:
        found.append("the user is 1000:1000")
    names = [name for name, _ in recipe.last_stage]
    if "USER" in names and "RUN" in names[names.index("USER") :]:
        found.append("a step after USER")
    if not any(re.match(r"useradd --uid 1000 --gid 1000 ", one) for one in recipe.commands):
        found.append("there is no user 1000")
    if "install -d -o 1000 -g 1000 -m 0700 /data" not in recipe.commands:
        found.append("the data directory is for 1000 alone")
    return found


def data(recipe: Recipe) -> list[str]:
    """Everything that lasts is in the volume."""
    fits = "ROBSON_DATA_DIR=/data" in " ".join(recipe.final("ENV")).split()
    return [] if fits and recipe.final("VOLUME") == ["/data"] else ["data outside the volume"]


def loopback(recipe: Recipe) -> list[str]:
    """The image leaves the address alone, and publishes nothing (S1)."""
    settings = " ".join(recipe.all("ENV") + recipe.all("ARG"))
    names = ("ROBSON_HTTP_HOST", "ROBSON_BEHIND_PROXY")
    found = [f"{name} set in the image" for name in names if name in settings]
    return found + [f"EXPOSE {port}: -P would publish it" for port in recipe.all("EXPOSE")]


def secrets(recipe: Recipe) -> list[str]:
    """ENV and ARG stay readable in the image for ever."""
    kept = " ".join(recipe.all("ENV") + recipe.all("ARG") + recipe.all("LABEL"))
    return re.findall(r"\b\w*(?:TOKEN|SECRET|PASSWORD|API_KEY|DATABASE_URL)\w*=", kept)


def starts_the_daemon(recipe: Recipe) -> list[str]:
    """A shell as process 1 would keep SIGTERM to itself."""
    found = (
        [] if recipe.final("CMD") == ['["robsond", "run"]'] else ["CMD is robsond run, as a list"]
    )
    return found + [f"ENTRYPOINT {one}" for one in recipe.final("ENTRYPOINT")]


def health(recipe: Recipe) -> list[str]:
    """Asked every 30 s, by what the image has anyway."""
    checks = recipe.final("HEALTHCHECK")
    if len(checks) != 1:
        return ["one health check"]
    options, _, command = checks[0].partition(" CMD ")
    found = []
    if options != "--interval=30s --timeout=3s --start-period=5s --retries=3":
        found.append(f"health check with {options}")
    if "/healthz" not in command or re.search(r"\b(curl|wget|sh)\b", command):
        found.append("the health check asks /healthz with Python alone")
    return found


def ignored(recipe: Recipe) -> list[str]:
    """All is shut out but what is copied, and of that what must never travel."""
    lines = [line for line in recipe.ignore.splitlines() if line and not line.startswith("#")]
    opened = {line[1:] for line in lines if line.startswith("!")}
    wanted = recipe.copied
    found = [] if lines[0] == "*" else ["not everything is shut out first"]
    found += [f"{name} is let through for nothing" for name in sorted(opened - wanted)]
    found += [f"{name} is copied but shut out" for name in sorted(wanted - opened)]
    last = max((at for at, line in enumerate(lines) if line.startswith("!")), default=0)
    never = ("**/__pycache__", "**/.env", "**/*.db")
    return found + [f"{name} may travel" for name in never if name not in lines[last:]]


# ------------------------------------------------------------------ rules about the page


def examples_are_safe(recipe: Recipe) -> list[str]:
    """What a person copies from the page is as tight as it can be (S1, S23)."""
    found = [] if recipe.examples else ["the page shows no docker run"]
    for line in recipe.examples:
        found += [f"without {flag}: {line}" for flag in SAFE_FLAGS if flag not in line]
        ports = re.findall(r"(?:-p|--publish)[ =](\S+)", line)
        found += [f"published everywhere: {port}" for port in ports if port[:10] != "127.0.0.1:"]
        if re.search(r"-P\b|--publish-all|--privileged|--user|docker\.sock", line):
            found.append(f"undoes what the image guards: {line}")
        secret = re.search(r"-e (?:ROBSON_API_TOKEN|DATABASE_URL|\w+_API_SECRET)=", line)
        found += [f"a secret in the environment: {line}"] if secret else []
        open_needs = ("ROBSON_BEHIND_PROXY=true", "ROBSON_API_TOKEN_FILE=/run/secrets/")
        if "ROBSON_HTTP_HOST" in line:
            found += [f"would not start without {need}" for need in open_needs if need not in line]
    return found


def settings_exist(recipe: Recipe) -> list[str]:
    """A page that names a setting which is none sends people into the dark."""
    known = set(re.findall(r"`((?:ROBSON_\w+|DATABASE_URL\w*))`", recipe.settings_page))
    named = set(re.findall(r"\b(?:ROBSON_\w+|DATABASE_URL\w*)\b", recipe.page))
    return sorted(named - known)


RULES: Final[tuple[Callable[[Recipe], list[str]], ...]] = (
    stages, plain_syntax, addresses, fetching, tools_stay_behind, every_member, user, data,
    loopback, secrets, starts_the_daemon, health, ignored, examples_are_safe, settings_exist,
)  # fmt: skip
