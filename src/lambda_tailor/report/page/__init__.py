"""What the pages show, worked out of plan and run documents: figures, geometry in percent, texts; no markup.

Start with ``plan_page``; the markup is in ``report/templates``.
"""
