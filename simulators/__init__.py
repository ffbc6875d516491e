"""The whole site, simulated: physics, and the same wires the daemon reads from."""
