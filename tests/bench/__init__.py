"""What the gateway costs, in calls, units, bytes, seconds and money: `make bench`."""
