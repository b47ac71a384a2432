"""What things are: the values every part of Patchdesk agrees on. Pure; imports nothing of the desk."""
