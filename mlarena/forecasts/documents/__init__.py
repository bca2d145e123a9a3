"""News: taken in, cleaned, linked to teams and players, searched by words and by meaning."""
