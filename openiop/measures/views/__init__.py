"""Pages of check-ins and measures, a file for each reader and subject."""
