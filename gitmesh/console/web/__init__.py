"""What all pages need: sessions, CSRF tokens, security headers, languages, static files."""
