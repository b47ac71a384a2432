"""What only the command line says. About patches it speaks with the words of `bot.delivery.wording`."""
