"""What a group does together beside talking: timers and breaks, polls, skills cards, and how people come and leave."""
