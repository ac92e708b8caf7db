"""Card payments, all of them synthetic: which will be charged back as fraud.

No payment, customer or merchant is real, and no number was fitted to a real one. The stream is
made up so that its truth is known: when fraud changes its ways, and how late that is learnt.
"""
