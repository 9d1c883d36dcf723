"""Every hostile input of a runner, by theme."""

from hostile.inputs import datasets, documents, endpoints, pickles, pictures

THEMES = (endpoints.THEME, documents.THEME, pickles.THEME, datasets.THEME, pictures.THEME)
