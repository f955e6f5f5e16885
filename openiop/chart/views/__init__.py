"""Pages of the written record: plans, the group's note, papers (`record`), and medication (`medications`)."""
