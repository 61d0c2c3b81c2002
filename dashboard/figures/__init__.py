"""Pure drawing: values in; graph elements, Plotly figures or waterfall rows out.

``palette`` holds what colours mean, ``layout`` where nodes of the graph stand, ``topology``
what they look like; ``series``, ``histogram``, ``heatmap`` and ``scatter`` are charts; ``states``
says when endpoints were out; ``waterfall`` is the timeline of a trace. Figures
carry no theme: lines and text take their colours from the stylesheet, so a theme switch redraws
nothing.
"""
