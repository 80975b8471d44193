"""The nouns: frozen values that every stage takes and returns. `ir` imports only `ir`."""
