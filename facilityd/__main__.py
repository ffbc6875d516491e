"""python -m facilityd."""

from facilityd.cli import main

main()
