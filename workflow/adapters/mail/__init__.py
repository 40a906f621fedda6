"""Mail out and in: rendering, the staged SMTP sender, the local listener."""
