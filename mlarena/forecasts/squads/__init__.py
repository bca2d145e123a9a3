"""Who plays: players with their seasons, who misses a match, and who scored."""
