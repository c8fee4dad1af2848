"""Identity 统一身份: people, their sign-in sessions, and the keys that sign tokens."""
