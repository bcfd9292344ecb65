"""What runs by itself: following jobs, delivering effects, counting reactions."""
