"""What can be told from measurements: REPORT lines, percentiles, memory curves. Pure: no AWS, no file.

Reading them from AWS is in ``aws/``; their values are in ``model/evidence.py``. Read ``report_line.py`` first.
"""
