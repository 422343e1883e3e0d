"""Commands about specs: validate, format, import, plan, test, translate."""
