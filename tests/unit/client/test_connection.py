"""Which cluster and namespace the client connects to."""

from pathlib import Path

import pytest
import yaml

from segcompress.client import SettingsError
from segcompress.client.connection import from_environment, from_kubeconfig, in_cluster


def kubeconfig(*contexts: str, current: str = "one") -> str:
    entry = {"cluster": "c", "user": "u"}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [
                {"name": name, "context": {**entry, **({} if name == "one" else {"namespace": name})}}
                for name in contexts
            ],
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig("one", "two"))
    return path


@pytest.mark.parametrize(("context", "namespace"), [(None, "default"), ("two", "two")])
def test_context_names_the_namespace(file: Path, context: str | None, namespace: str) -> None:
    way = from_environment({"KUBECONFIG": str(file)}, context)
    assert (way.configuration.host, way.namespace) == ("https://127.0.0.1:1", namespace)


def test_of_several_files_those_are_read_that_exist(file: Path, tmp_path: Path) -> None:
    both = f"{tmp_path / 'none'}:{file}"
    assert from_kubeconfig({"KUBECONFIG": both}, None, "two").namespace == "two"


def test_path_of_a_kubeconfig_may_be_text(file: Path) -> None:
    assert from_kubeconfig({}, str(file), "two").namespace == "two"


def test_unknown_context_is_answered_with_the_nearest(file: Path) -> None:
    with pytest.raises(SettingsError, match="no context 'twoo'; did you mean two"):
        from_kubeconfig({}, file, "twoo")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "there is no kubeconfig at", id="missing"),
        pytest.param("", "cannot be used as a kubeconfig", id="empty"),
        pytest.param("a: [", "cannot be used as a kubeconfig", id="syntax"),
        pytest.param("- 1", "cannot be used as a kubeconfig", id="a list"),
        pytest.param("apiVersion: v1", "cannot be used as a kubeconfig", id="nothing in it"),
        pytest.param(kubeconfig("two"), "cannot be used as a kubeconfig", id="no such current context"),
    ],
)
def test_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=message) as raised:
        from_environment({"KUBECONFIG": str(path)}, None)
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("current", ["gone", ""])
def test_named_context_needs_no_current_one(tmp_path: Path, current: str) -> None:
    path = tmp_path / "config"
    path.write_text(kubeconfig("two", current=current))
    assert from_kubeconfig({}, path, "two").namespace == "two"


def test_current_context_is_that_of_the_first_file_that_has_one(tmp_path: Path) -> None:
    for name, current in (("none", ""), ("first", "two"), ("last", "three")):
        (tmp_path / name).write_text(kubeconfig("two", "three", current=current))
    several = ":".join(str(tmp_path / name) for name in ("none", "first", "last"))
    assert from_environment({"KUBECONFIG": several}, None).namespace == "two"


@pytest.mark.parametrize(
    ("user", "message"),
    [
        pytest.param(
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}},
            "gives no credentials: .*no-such-plugin",
            id="no plugin",
        ),
        pytest.param(
            {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1",
                    "command": "sh",
                    "args": ["-c", "echo not logged in >&2; exit 3"],
                }
            },
            "gives no credentials: exec: process returned 3. not logged in",
            id="plugin that fails",
        ),
        pytest.param(
            {"auth-provider": {"name": "azure", "config": {"apiserver-id": "x"}}},
            "gives no credentials: auth-provider azure of user u is not supported or incomplete; use a token",
            id="provider that the library does not know",
        ),
        pytest.param(
            {"auth-provider": {"name": "oidc", "config": {"id-token": "no.token"}}},
            "gives no credentials: auth-provider oidc of user u is not supported or incomplete",
            id="token that is none",
        ),
        pytest.param(
            {"auth-provider": "azure"}, "cannot be used as a kubeconfig", id="provider that is no mapping"
        ),
        pytest.param(
            {"username": "jane"}, "gives no credentials: username of user u is not", id="no password"
        ),
        pytest.param(
            {"auth-provider": {"name": "gcp", "config": {"expiry": "2020-01-01T00:00:00Z"}}},
            "cannot be used as a kubeconfig",
            id="of a library that is not installed",
        ),
    ],
)
def test_user_without_credentials_is_no_anonymous_one(
    tmp_path: Path, user: dict[str, object], message: str
) -> None:
    path = tmp_path / "config"
    path.write_text(
        yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": [{"name": "u", "user": user}]})
    )
    with pytest.raises(SettingsError, match=message) as raised:
        from_kubeconfig({}, path, None)
    assert len(str(raised.value).splitlines()) == 1


def test_user_that_is_not_there_is_no_anonymous_one(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": None}))
    with pytest.raises(SettingsError, match=r"its context names user u, which does not exist$"):
        from_kubeconfig({}, path, None)


def test_user_that_names_no_credentials_is_anonymous(tmp_path: Path) -> None:
    """A proxy such as `kubectl proxy` takes none."""
    path = tmp_path / "config"
    users = [{"name": "u", "user": {}}]
    path.write_text(yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": users}))
    assert not from_kubeconfig({}, path, None).configuration.api_key


@pytest.mark.parametrize(
    "user",
    [
        pytest.param({"token": "s3cret"}, id="token that is not below user"),
        pytest.param(
            {"user": {"exec": {"apiVersion": "v1", "command": "x", "env": [{"value": "s3cret"}]}}},
            id="variable without a name",
        ),
    ],
)
def test_error_shows_no_credentials(tmp_path: Path, user: dict[str, object]) -> None:
    path = tmp_path / "config"
    users = [{"name": "u", **user}]
    path.write_text(yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": users}))
    with pytest.raises(SettingsError) as raised:
        from_kubeconfig({}, path, None)
    assert "s3cret" not in str(raised.value)


def test_token_of_a_file_ends_before_its_line_does(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    path = tmp_path / "config"
    users = [{"name": "u", "user": {"tokenFile": str(tmp_path / "token")}}]
    path.write_text(yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": users}))
    configuration = from_kubeconfig({}, path, None).configuration
    assert configuration.get_api_key_with_prefix("BearerToken") == "Bearer abc"


@pytest.mark.parametrize("token", ["s3\ncret", "s3cr\u00e9t"])
def test_token_that_no_header_takes_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    path = tmp_path / "config"
    users = [{"name": "u", "user": {"token": token}}]
    path.write_text(yaml.safe_dump({**yaml.safe_load(kubeconfig("one")), "users": users}))
    with pytest.raises(SettingsError, match="must be printable ASCII on one line") as raised:
        from_kubeconfig({}, path, None)
    assert "s3" not in str(raised.value)


def test_error_of_syntax_shows_no_credentials(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("users:\n- user: {}\n  token: s3cret: x\n")
    with pytest.raises(SettingsError, match="line 3") as raised:
        from_kubeconfig({}, path, None)
    assert "s3cret" not in str(raised.value)


def test_outside_a_cluster_there_is_no_service_account() -> None:
    with pytest.raises(SettingsError, match="not running in a pod"):
        in_cluster()
