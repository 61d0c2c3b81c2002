"""Pure drawing: values in; graph elements, Plotly figures or waterfall rows out.

``palette`` holds what colours mean, ``layout`` where nodes of the graph stand, ``topology``
what they look like; ``series``, ``histogram``, ``heatmap`` and ``scatter`` are charts; ``states``
says when endpoints were out; ``waterfall`` packs a trace into columns that the browser draws rows of,
``flame`` and ``trace_graph`` show it by path and by service. Figures carry no theme: lines and text
take their colours from the stylesheet, so a theme switch redraws nothing.
"""
