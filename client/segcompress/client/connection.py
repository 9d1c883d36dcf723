"""The user and the API server: from a kubeconfig, or from a pod's service account."""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config
from kubernetes.client import Configuration

from segcompress.client.errors import SettingsError
from segcompress_api.errors import nearest, one_line

_DEFAULT_KUBECONFIG = "~/.kube/config"
_MALFORMED = (AttributeError, KeyError, TypeError, ValueError)
"""What the Kubernetes library raises for a kubeconfig that holds something else than it looks for."""

_PROVIDER = "auth-provider"
_METHODS = (_PROVIDER, "exec", "token", "tokenFile", "username", "client-certificate")
"""Fields of a kubeconfig's user that give credentials."""

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Connection:
    """A connection to an API server, and the default namespace."""

    configuration: Any
    namespace: str


def from_environment(environment: Mapping[str, str], context: str | None) -> Connection:
    """Return the connection that kubectl would use: a kubeconfig, or else the pod's service account."""
    if context is None and not _kubeconfigs(environment) and "KUBERNETES_SERVICE_HOST" in environment:
        return in_cluster()
    return from_kubeconfig(environment, None, context)


def from_kubeconfig(
    environment: Mapping[str, str], path: Path | str | None, context: str | None
) -> Connection:
    """Return the connection from a kubeconfig: `path`, or else KUBECONFIG, or ~/.kube/config."""
    files = [Path(path)] if path else _kubeconfigs(environment)
    if not files or not any(file.is_file() for file in files):
        named = ", ".join(map(str, files)) or _DEFAULT_KUBECONFIG
        raise SettingsError(f"there is no kubeconfig at {named}; set KUBECONFIG to the path of one")
    joined = os.pathsep.join(map(str, files))
    configuration = _configuration()
    try:
        chosen = _chosen(files, context)
        with _complaints() as complaints:
            config.load_kube_config(
                config_file=joined,
                context=chosen["name"],
                client_configuration=configuration,
                persist_config=False,
            )
        _tidy_tokens(configuration)
        namespace = chosen["context"].get("namespace") or "default"
        if complaints:
            raise SettingsError(f"{joined}: gives no credentials: {_words('; '.join(complaints))}")
        if not (configuration.api_key or configuration.cert_file):
            _check_anonymous(files, chosen["context"].get("user"), joined)
    except (config.ConfigException, yaml.YAMLError, OSError, *_MALFORMED) as error:
        raise SettingsError(f"{joined}: cannot be used as a kubeconfig: {_words(str(error))}") from None
    return Connection(configuration, namespace)


def in_cluster() -> Connection:
    """Return the connection of a pod's service account; its namespace is the default."""
    configuration = _configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise SettingsError(f"not running in a pod, or the pod has no service account: {error}") from None
    found = _POD_NAMESPACE.read_text().strip() if _POD_NAMESPACE.is_file() else ""
    return Connection(configuration, found or "default")


def _configuration() -> Any:
    configuration = Configuration()
    # urllib3 would retry a refused connection three times, and log each; waiting retries anyway.
    configuration.retries = False
    return configuration


def _kubeconfigs(environment: Mapping[str, str]) -> list[Path]:
    """Return the files that kubectl would read; KUBECONFIG may name several."""
    named = environment.get("KUBECONFIG", "")
    if named:
        return [Path(file).expanduser() for file in named.split(os.pathsep) if file]
    default = Path(_DEFAULT_KUBECONFIG).expanduser()
    return [default] if default.is_file() else []


def _check_anonymous(files: Iterable[Path], name: object, joined: str) -> None:
    """Raise SettingsError if the user should have credentials: the Kubernetes library would continue without.

    It ignores auth providers that it does not know, tokens of OpenID Connect that it cannot read, and that
    there is no such user.
    """
    users = (user for content in _contents(files) for user in content.get("users") or ())
    user = next((each.get("user") or {} for each in users if each["name"] == name), None)
    if name and user is None:
        raise SettingsError(
            f"{joined}: gives no credentials: its context names user {name}, which does not exist"
        )
    methods = [key for key in _METHODS if user and user.get(key)]
    if user and methods:
        method = f"auth-provider {user[_PROVIDER].get('name')}" if methods[0] == _PROVIDER else methods[0]
        raise SettingsError(
            f"{joined}: gives no credentials: {method} of user {name} is not supported or incomplete; "
            "use a token, a client certificate, or an exec plugin such as kubelogin"
        )


def _contents(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in filter(Path.is_file, files):
        with file.open("rb") as stream:  # of a stream, an error does not show the line, which may be a token
            yield yaml.safe_load(stream) or {}


def _chosen(files: Iterable[Path], name: str | None) -> dict[str, Any]:
    """Return the context of that name, or else the current one: as for kubectl the first file's that has one.

    The Kubernetes library takes the last file's, and asks for a current context where another one is named.
    """
    named, current = dict[str, Any](), ""
    for content in _contents(files):
        current = current or str(content.get("current-context") or "")
        for one in content.get("contexts") or ():
            named.setdefault(one["name"], one)
    if name is not None and name not in named:
        match = nearest(name, named)
        remedy = f"did you mean {match}?" if match else f"there are: {', '.join(sorted(named))}"
        raise SettingsError(f"the kubeconfig has no context {name!r}; {remedy}")
    found = named.get(name or current)
    if found is None:
        raise config.ConfigException(
            f"its current context {current!r} does not exist" if current else "it names no current context"
        )
    return dict(found)


def _tidy_tokens(configuration: Any) -> None:
    """Take white space off the ends of each token, as kubectl does: a file of one mostly ends with a line.

    Raises SettingsError for what no header takes: http.client would show the token in its error.
    """
    refresh = configuration.refresh_api_key_hook

    def tidy(refreshed: Any) -> None:
        if refresh is not None:
            refresh(refreshed)
        token = refreshed.api_key.get("BearerToken", "").strip()
        if not (token.isascii() and token.isprintable()):
            raise SettingsError("the token of the kubeconfig's user must be printable ASCII on one line")
        if token:
            refreshed.api_key["BearerToken"] = token

    tidy(configuration)
    configuration.refresh_api_key_hook = tidy


def _words(message: str) -> str:
    """Return an error of the Kubernetes library without what it shows of the file: that may be a token."""
    return one_line(re.sub(r"\{.*\}", "{…}", message, flags=re.DOTALL))


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what the Kubernetes library logs where a plugin fails: it would go on without credentials."""
    collected: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config":
                collected.append(record.getMessage())

    handler = Collector(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield collected
    finally:
        logging.getLogger().removeHandler(handler)
