"""Values → words. One file per output form; data never renders itself, and nothing here prints."""
