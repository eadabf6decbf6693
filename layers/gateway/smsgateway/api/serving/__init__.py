"""api/serving"""
