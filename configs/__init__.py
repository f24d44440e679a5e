"""Runs to start from: each file is one, documented key by key in strongreg.py."""
