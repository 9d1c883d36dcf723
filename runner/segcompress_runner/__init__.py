"""One run, from address to manifest: fetch, measure, compress, measure, publish."""

# Paddle's native libraries bring a zlib of their own: where the interpreter's is loaded after it, a later
# call may crash the process (SIGSEGV in inflateReset2, seen with paddlepaddle 2.6.2).
import zlib  # noqa: F401
