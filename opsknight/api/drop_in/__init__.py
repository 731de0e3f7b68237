"""Other products' own ways in, each answered in its own words, so that a sender changes only its address.

Behind each stands the same intake as behind /api/v1/events: what is answered is durable.
"""
