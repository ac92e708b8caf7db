"""The duties of upkeep, a file each. `maintain_stores` lists them."""
