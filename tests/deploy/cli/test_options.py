"""Every field of every settings class is an option: flag, variable, help, and errors with both names."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from deploy.cli import commands, status
from deploy.demo import app as demo
from deploy.processes import roles, run_command, up_command
from proxy.contract.failure import ConfigError
from proxy.contract.option import Setting, settings_of
from proxy.contract.settings import load

TEXTS = {"URL": "http://mesh:7", "SIGNAL=DAYS,…": "traces=7", "NAME": "shop"}
REPLY: dict[str, Any] = {
    "services": [],
    "endpoints": [],
    "store": {"tables": [], "disk": {"free": 1, "total": 2}, "spool": {}},
}
ROOT = Path(__file__).parents[3]
COMMANDS = sorted(commands.SETTINGS)
EVERY = [
    (name, setting) for name, kinds in commands.SETTINGS.items() for k in kinds for setting in settings_of(k)
]


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, setting in EVERY:
        monkeypatch.delenv(setting.variable, raising=False)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings a command starts with, by field; nothing is started."""
    seen: dict[str, Any] = {}

    def take(*arguments: Any, **_: Any) -> int:
        for each in arguments:
            parts = (
                [each.collector, each.dashboard, each.engine] if isinstance(each, up_command.Mesh) else [each]
            )
            for part in parts:
                seen.update(getattr(part, "__dict__", {}))
        return 0

    for name in ("collector", "dashboard", "sidecar", "import_traces"):
        monkeypatch.setattr(roles, name, take)
    for module in (up_command, run_command, demo):
        monkeypatch.setattr(module, "run", take)
    monkeypatch.setattr(status, "fetch", lambda api: seen.update(api=api) or REPLY)
    return seen


def another(setting: Setting) -> Any:
    """A valid value that is not the default."""
    kind, option = setting.type, setting.option
    if kind is bool:
        return not setting.default
    if get_args(kind):
        return next(choice for choice in get_args(kind) if choice != setting.default)
    if kind in (int, float):
        default = 1 if setting.required else setting.default
        larger = default + 1 if option.most is None or default + 1 <= option.most else default / 2
        return kind(larger)
    if option.unit == "HOST:PORT":  # listeners cannot share an address
        return f"127.0.0.1:{20_000 + sum(setting.name.encode())}"
    return TEXTS.get(option.unit, "something")


def given(settings: list[Setting]) -> dict[str, Any]:
    # ports_from moves only what has its default address, and here nothing has.
    return {each.name: another(each) for each in settings if each.name not in ("json", "ports_from")}


def invoke(name: str, flags: list[str], env: dict[str, str]) -> None:
    files = [__file__] if name == "import" else []
    program = ["--", "true"] if name == "run" else []
    result = CliRunner().invoke(commands.app, [name, *flags, *files, *program], env=env)
    assert result.exit_code == 0, result.output


def options_of(name: str) -> list[Setting]:
    return [setting for kind in commands.SETTINGS[name] for setting in settings_of(kind)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_reaches_its_field(name: str, taken: dict[str, Any]) -> None:
    values = given(options_of(name))
    flags: list[str] = []
    for key, value in values.items():
        word = key.replace("_", "-")
        flags += (
            [f"--{word}" if value else f"--no-{word}"] if isinstance(value, bool) else [f"--{word}={value}"]
        )
    invoke(name, flags, {})
    assert taken.items() >= values.items()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_variable_reaches_its_field(name: str, taken: dict[str, Any]) -> None:
    values = given(options_of(name))
    invoke(name, [], {f"SPANMESH_{key.upper()}": str(value) for key, value in values.items()})
    assert taken.items() >= values.items()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_lists_flag_variable_default_and_bounds(name: str) -> None:
    text = CliRunner().invoke(commands.app, [name, "--help"]).output
    words = " ".join(text.split())
    for setting in options_of(name):
        assert re.search(rf"^  {setting.flag} ", text, re.MULTILINE), setting.flag
        assert f"env: {setting.variable}]" in words
        assert setting.option.range in words
        if not setting.required and setting.default != "":
            assert re.search(rf"{setting.flag} .*?\[default: ", words), setting.flag


def test_help_lists_common_options_first_and_the_rest_in_groups() -> None:
    text = CliRunner().invoke(commands.app, ["collector", "--help"]).output
    headings = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert headings[0] == "Options"
    assert {"Listeners", "Engine: ejections"} < set(headings)
    assert text.index("--data ") < text.index("--spool-bytes ") < text.index("--eject-failures ")


@pytest.mark.parametrize("kind", list(dict.fromkeys(chain(*commands.SETTINGS.values()))))
def test_a_bad_value_names_flag_variable_value_and_what_is_expected(kind: type) -> None:
    for setting in settings_of(kind):
        if setting.type is str and setting.option.check is None:
            continue  # any text will do
        with pytest.raises(ConfigError) as caught:
            load(kind, {setting.name: "no such thing"}, {})
        lines = [
            line for line in str(caught.value).splitlines() if not line.startswith("--service is required")
        ]
        line = next(line for line in lines if line.startswith(f"{setting.flag} ({setting.variable}) is"))
        assert len(line.split("'no such thing': ")[1]) > 10


def test_problems_end_as_lines_and_status_two() -> None:
    result = CliRunner().invoke(
        commands.app, ["collector", "--eject-share", "2", "--spool-bytes", "-1", "--grpc", "x"]
    )
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "spanmesh: --grpc (SPANMESH_GRPC) is 'x': write it as HOST:PORT, for example 127.0.0.1:8080",
        "spanmesh: --spool-bytes (SPANMESH_SPOOL_BYTES) is '-1': write a whole number above 0",
        "spanmesh: --eject-share (SPANMESH_EJECT_SHARE) is '2': write a number from 0 to 1",
    ]


def test_a_switch_can_be_a_variable_and_be_turned_off_again(taken: dict[str, Any]) -> None:
    env = {"SPANMESH_JSON": "true"}
    assert CliRunner().invoke(commands.app, ["status"], env=env).output == json.dumps(REPLY, indent=2) + "\n"
    assert CliRunner().invoke(commands.app, ["status", "--no-json"], env=env).output.startswith("services")


def test_settings_of_one_command_share_no_name() -> None:
    for name in COMMANDS:
        names = [setting.name for setting in options_of(name)]
        assert len(names) == len(set(names)), name


def test_options_named_in_sources_and_documents_exist() -> None:
    settings = [setting for _, setting in EVERY]
    names, variables = {each.name for each in settings}, {each.variable for each in settings}
    texts = {
        path.relative_to(ROOT): path.read_text(encoding="utf-8")
        for folder in ("proxy", "topology", "collector", "dashboard", "deploy", "docs")
        for path in [*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.md"), ROOT / "README.md"]
    }
    unknown = [
        f"{path}: {word}"
        for path, text in texts.items()
        for word in (
            *(set(re.findall(r"SPANMESH_[A-Z][A-Z_-]*\b", text)) - variables - {"SPANMESH_FIELD_NAME"}),
            *(set(re.findall(r"(?:named|flag|variable)\([\"'](\w+)[\"']\)", text)) - names),
        )
    ]
    assert unknown == []
