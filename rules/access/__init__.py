"""Rules about from where and how an account is used."""
