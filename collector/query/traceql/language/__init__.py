"""TraceQL as a language: from text to a checked tree, and back to text. Nothing here knows the store.

``names``       words of the language; ``errors`` what is wrong with a query, and at which column
``tokens``      text to tokens; ``cursor`` · ``expressions`` · ``metric_parser`` · ``parser`` tokens to the
                tree of ``syntax``; ``printer`` back to text; ``walk`` over it
``types``       types of expressions; ``check`` · ``check_stages`` what may stand where
"""
