"""The model at work: it is loaded once, shown ready when it has scored a text, and asked by the other rooms."""
