"""What a layer's page and Python say to each other, whatever lies between them; without Qt."""
