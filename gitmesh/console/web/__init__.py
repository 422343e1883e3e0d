"""Parts that all pages need: sessions, CSRF tokens, security headers, languages, static files."""
