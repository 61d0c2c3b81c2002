"""The command line: ``commands`` declares it, ``entry`` checks the installation, ``status`` prints
tables.
"""
