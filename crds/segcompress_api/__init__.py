"""The contract: what users write, what the operator and the runner exchange.

Operator and runner share nothing else. This package imports neither of them, no Kubernetes client and no
Paddle, so that both images, the CLI and the tests read the very same nouns.
"""
