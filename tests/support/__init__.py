"""Code that tests share: builders, fakes and strategies. One noun per module."""
