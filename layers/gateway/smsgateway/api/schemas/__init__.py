"""api/schemas"""
