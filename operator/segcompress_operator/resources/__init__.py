"""Pure makers of manifests: no client, no clock, no environment."""
