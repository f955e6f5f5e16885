"""Pages of the schedule: setting up, sessions, arrivals, outreach, hours."""
