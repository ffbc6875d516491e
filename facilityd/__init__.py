"""facilityd watches the equipment of a large civic square. It never commands a device."""
