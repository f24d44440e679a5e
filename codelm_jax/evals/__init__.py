"""Evaluations: figures of a model that is given as functions, each result a dictionary that goes into JSON."""
