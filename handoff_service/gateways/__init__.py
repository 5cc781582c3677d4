"""How the product talks to the world: one provider's whole story a folder, each port with a plain
twin that ships."""
