"""Small programs that show how the plugin is used."""
