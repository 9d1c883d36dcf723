"""What a job's metadata may have beside a name, and what it must not."""

_RULE = "must have at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
RIGHT: tuple[dict[str, object], ...] = (
    {"labels": {"team": "Vision_1.0", "example.com/a.B_c": ""}},
    {"labels": {"team": None}},
    {"labels": None, "annotations": None},
    {"annotations": {"Example.com/Note": "any text, ä\n", "a": None}},
    {"creationTimestamp": None, "managedFields": [], "ownerReferences": [], "resourceVersion": "1"},
    {"deletionGracePeriodSeconds": 0, "finalizers": ["example.com/a"], "generation": 1, "selfLink": ""},
)
_KEYS: tuple[tuple[dict[str, object], str], ...] = tuple(
    ({"labels": {key: "b"}}, f"metadata.labels: the key '{key}' {_RULE}, after a domain and '/'")
    for key in ("", "a b", "a-", "/a", "a/", "a/b/c", "Example.com/a", "ä")
)
WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"lables": {"a": "b"}}, "metadata.lables: is not a field of this version; did you mean labels?"),
    ({"clusterName": "a"}, "metadata.clusterName: is not a field of this version; "),
    ({"labels": {"a": "b c"}}, f"metadata.labels: the value of 'a' {_RULE}, got 'b c'"),
    ({"labels": {"a": "b" * 64}}, f"metadata.labels: the value of 'a' {_RULE}, got 'bbb"),
    ({"labels": {"a": 7}}, "metadata.labels.a: input should be a valid string, got 7; put it in quotes"),
    *_KEYS,
    ({"annotations": {"a b": ""}}, f"metadata.annotations: the key 'a b' {_RULE}, after"),
)
"""With the beginning of the error."""
