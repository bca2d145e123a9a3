"""Where instructors write quests: data is cut, thresholds are tried, drafts become quests."""
