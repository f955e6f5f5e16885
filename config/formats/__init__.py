"""How each language of ours writes times, where Django's own way is not our readers'."""
