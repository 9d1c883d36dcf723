"""Pure decisions: what was observed goes in, a Plan comes out. No client, no clock, no environment."""
