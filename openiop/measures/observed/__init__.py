"""What staff saw, measured or were told: observations, vital signs, toxicology and breath results, substance events."""
