"""Work that looks like somebody else's: found by the clock, shown in pairs, judged by people alone."""
