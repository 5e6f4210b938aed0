"""The main job, shown: a daemon of its own, positions from armed to closed, and why."""
