"""The published promises as data, and the code that reads it. No module here knows who keeps or checks them."""
